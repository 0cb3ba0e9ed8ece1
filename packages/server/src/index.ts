export { OmenError, type OmenErrorCode } from '@omen/core'
export type { AuditedAction, AuditRecord } from './audit/chain.ts'
export { type AuditVerification, verifyAudit } from './audit/verify-audit.ts'
export { type CreatedKey, type KeyInfo, type KeyRequest, KeyStore } from './auth/key-store.ts'
export { type Grants, Principal, type Role } from './auth/roles.ts'
export type {
  AuditConfig,
  AuthConfig,
  ConfigInput,
  JwtConfig,
  LimitsConfig,
  LogConfig,
  OpenConfig,
  ServerConfig,
  TlsConfig,
} from './config/config.ts'
export {
  type ConfigCheck,
  type ConfigOrigin,
  type ConfigSources,
  type ConfiguredSetting,
  checkConfig,
  loadConfig,
} from './config/load-config.ts'
export { type CreatedServer, createServer, type ServerOptions } from './create-server.ts'
export type { OpenApiDocument } from './openapi.ts'
export type { Embedder } from './routes/embedder.ts'
export { type RunningServer, type ServeOptions, serve } from './serve.ts'
