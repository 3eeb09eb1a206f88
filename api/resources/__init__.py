"""One Falcon resource a file; collaborators come in through the constructor."""
