// What the quick start ranks.
export const QUERY = 'Why is the sky blue during the day?';
export const PASSAGES = [
  'The daytime sky is blue because the gases of the air scatter short wavelengths of sunlight far more than long ones, as Lord Rayleigh worked out in 1871.',
  'The deep blue of lapis lazuli comes from sulfur ions held in the mineral lazurite; painters once paid more for it than for gold.',
  'At sunset the light crosses much more air on its way to the eye. Most of the blue has been scattered out of the beam by then, and what remains looks red and orange.',
  'The sea looks blue chiefly because water absorbs red light, and only to a small part because it mirrors the sky.',
  'Blue Monday, released in 1983, became the best-selling twelve-inch single of all time.',
  'On Mars the colours are reversed: fine dust makes the daytime sky butterscotch, while the region around the setting sun turns blue.',
  'A clear sky overhead is darker on a mountain top than at sea level, as there is less air above to scatter light.',
  'Bring the milk to a simmer, whisk in the cornflour and stir until the sauce coats the back of a spoon.',
];
