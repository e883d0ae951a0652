"""The gateway: what arrives over HTTP is admitted or refused here, durably, with a signed answer."""
