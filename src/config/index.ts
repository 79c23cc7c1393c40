export { SETTINGS, type Config, type SettingName } from './settings.js';
export { loadConfig, formatConfig, formatSettingsPage, type LoadedConfig } from './load.js';
