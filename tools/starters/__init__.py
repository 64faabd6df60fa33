"""How the backbones that come with Graft are made: recipes, data, training, and the cards that speak of them."""
