"""What changes courses. Time and actor are arguments; every change to evidence writes its TrainingEvent."""
