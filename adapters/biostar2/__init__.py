"""Events of Suprema devices, asked of the BioStar 2 server that they are connected to."""
