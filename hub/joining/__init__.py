"""How an institution gets in: join requests, services on offer, connection tests."""
