// All tests run in this one process, one after the other: they share a server, and a fault that one of them orders must
// not strike another.
import "./accounts.js";
import "./settings.js";
import "./users.js";
import "./access.js";
import "./invites.js";
import "./batches.js";
import "./numbers.js";
import "./rooms.js";
import "./ids.js";
