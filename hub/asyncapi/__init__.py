"""The AsyncAPI 3 document of the log: every topic, what is in it, who writes and who reads it."""

from hub.asyncapi.document import make_document

__all__ = ["make_document"]
