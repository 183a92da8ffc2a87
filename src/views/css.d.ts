/** Style sheets become files next to the scripts that import them. */
declare module "*.css";
