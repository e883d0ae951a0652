"""SOUND: whether every value of the older schema is a value of the newer one, proved or refused."""
