"""Laws: one suite per port, run over every implementation."""
