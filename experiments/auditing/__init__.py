"""What an audit consists of: lives, audited regions, what befalls them, and what is measured."""
