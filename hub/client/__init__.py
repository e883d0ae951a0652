"""The reference client of a hub, for Python programs of institutions: push, pull, read an outbox, confirm.

from hub.client import Sender
"""

from hub.client.answers import Message, PullAnswer, Receipt
from hub.client.connection import ATTEMPTS
from hub.client.failures import SendingError
from hub.client.sender import Sender
from hub.client.tokens import FileTokens, MemoryTokens, Token, Tokens

__all__ = [
    "ATTEMPTS",
    "FileTokens",
    "MemoryTokens",
    "Message",
    "PullAnswer",
    "Receipt",
    "Sender",
    "SendingError",
    "Token",
    "Tokens",
]
