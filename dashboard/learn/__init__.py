"""The page on transfer learning and on how overfitting is judged."""
