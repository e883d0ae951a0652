"""e-Performance in the manner of Surabaya and the Ministry of Social Affairs: activities with weights and outputs, hours in and out."""
