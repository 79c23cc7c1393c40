export { startEvents, type EventParts, type Events, type Listener } from './hub.js';
