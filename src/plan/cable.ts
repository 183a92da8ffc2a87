/** Twisted pair carries a signal at two thirds of the speed of light. */
export const nsPerMetre = 5;
