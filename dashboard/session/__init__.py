"""What a person has chosen: the typed door to session, address and drafts."""
