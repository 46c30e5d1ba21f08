"""What the paper leaves open: models and measurements under other assumptions, which `studies/claims` judges."""
