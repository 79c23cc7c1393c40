export { SETTINGS, type Config, type SettingName } from './settings.js';
export { programEnvironment } from './environment.js';
export {
  describeConfig,
  loadConfig,
  formatConfig,
  formatSettingsPage,
  type LoadedConfig,
} from './load.js';
export { findSite, horizonAt, type HorizonPoint, type Site } from './sites.js';
