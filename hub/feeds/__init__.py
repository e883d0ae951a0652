"""What nobody pushes: folders that are watched and interfaces that are asked."""
