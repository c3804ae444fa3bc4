"""Small tools without models, one topic a file. Imports nothing of the project above it."""
