"""Events and facts of both logs become turns and sessions."""
