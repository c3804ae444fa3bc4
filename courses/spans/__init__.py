"""What the record of one person says about every course and place, at every instant, and when that was known. Pure: no tables."""
