"""SKP scores of 2019 to 2021 under PP 30/2019: 0 to 120, work results and behaviour weighted."""
