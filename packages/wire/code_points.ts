/**
 * The registries of TLS 1.3 as data: every code point has its registered name, and the type of a registry has the
 * name of the registry. A value that the peer sends may be any number, registered or not, so the types are
 * `number`s: the objects give names, they do not promise that nothing else arrives.
 *
 * Sources: RFC 9846 section 11 and the IANA "TLS Parameters" registries as RFC 9847 left them.
 *
 * @module
 */

type Registry = Readonly<Record<string, number>>;

/** The names of each registry by value, turned round when one is first asked for: decoders name what they read. */
const registeredNames = new Map<Registry, ReadonlyMap<number, string>>();

/** Looks up the registered name of a code point, for messages and logs; unknown values come as hexadecimal. */
function registeredName(registry: Registry, value: number, digits: number): string {
  let names = registeredNames.get(registry);
  if (names === undefined) {
    names = new Map(Object.entries(registry).map(([name, value]) => [value, name]));
    registeredNames.set(registry, names);
  }
  return names.get(value) ?? `0x${value.toString(16).padStart(digits, "0")}`;
}

/** Record content types (RFC 9846 section 5.1). */
export const ContentType = {
  change_cipher_spec: 20,
  alert: 21,
  handshake: 22,
  application_data: 23,
  heartbeat: 24,
} as const;
/** Record content types (RFC 9846 section 5.1). Any number of the field's width; see the object of the same name for the registered ones. */
export type ContentType = number;
/** The name of a record content type. */
export function contentTypeName(value: number): string {
  return registeredName(ContentType, value, 2);
}

/** Handshake message types (RFC 9846 section 4). */
export const HandshakeType = {
  client_hello: 1,
  server_hello: 2,
  new_session_ticket: 4,
  end_of_early_data: 5,
  encrypted_extensions: 8,
  certificate: 11,
  certificate_request: 13,
  certificate_verify: 15,
  client_certificate_request: 17,
  finished: 20,
  key_update: 24,
  compressed_certificate: 25,
  message_hash: 254,
} as const;
/** Handshake message types (RFC 9846 section 4). Any number of the field's width; see the object of the same name for the registered ones. */
export type HandshakeType = number;
/** The name of a handshake message type. */
export function handshakeTypeName(value: number): string {
  return registeredName(HandshakeType, value, 2);
}

/** Extension types (RFC 9846 section 4.3). */
export const ExtensionType = {
  server_name: 0x0000,
  max_fragment_length: 0x0001,
  status_request: 0x0005,
  supported_groups: 0x000a,
  ec_point_formats: 0x000b,
  signature_algorithms: 0x000d,
  use_srtp: 0x000e,
  heartbeat: 0x000f,
  application_layer_protocol_negotiation: 0x0010,
  signed_certificate_timestamp: 0x0012,
  client_certificate_type: 0x0013,
  server_certificate_type: 0x0014,
  padding: 0x0015,
  encrypt_then_mac: 0x0016,
  extended_main_secret: 0x0017,
  token_binding: 0x0018,
  cached_info: 0x0019,
  compress_certificate: 0x001b,
  record_size_limit: 0x001c,
  delegated_credential: 0x0022,
  session_ticket: 0x0023,
  supported_ekt_ciphers: 0x0027,
  pre_shared_key: 0x0029,
  early_data: 0x002a,
  supported_versions: 0x002b,
  cookie: 0x002c,
  psk_key_exchange_modes: 0x002d,
  certificate_authorities: 0x002f,
  oid_filters: 0x0030,
  post_handshake_auth: 0x0031,
  signature_algorithms_cert: 0x0032,
  key_share: 0x0033,
  transparency_info: 0x0034,
  connection_id: 0x0036,
  external_id_hash: 0x0037,
  external_session_id: 0x0038,
  quic_transport_parameters: 0x0039,
  ticket_request: 0x003a,
  tls_flags: 0x003e,
  ech_outer_extensions: 0xfd00,
  encrypted_client_hello: 0xfe0d,
  renegotiation_info: 0xff01,
} as const;
/** Extension types (RFC 9846 section 4.3). Any number of the field's width; see the object of the same name for the registered ones. */
export type ExtensionType = number;
/** The name of an extension type. */
export function extensionTypeName(value: number): string {
  return registeredName(ExtensionType, value, 4);
}

/** Cipher suites of TLS 1.3 (RFC 9846 appendix B.4, RFC 8998). */
export const CipherSuiteId = {
  TLS_SM4_GCM_SM3: 0x00c6,
  TLS_SM4_CCM_SM3: 0x00c7,
  TLS_AES_128_GCM_SHA256: 0x1301,
  TLS_AES_256_GCM_SHA384: 0x1302,
  TLS_CHACHA20_POLY1305_SHA256: 0x1303,
  TLS_AES_128_CCM_SHA256: 0x1304,
  TLS_AES_128_CCM_8_SHA256: 0x1305,
  TLS_SHA256_SHA256: 0xc0b4,
  TLS_SHA384_SHA384: 0xc0b5,
} as const;
/** Cipher suites of TLS 1.3 (RFC 9846 appendix B.4, RFC 8998). Any number of the field's width; see the object of the same name for the registered ones. */
export type CipherSuiteId = number;
/** The name of a cipher suite. */
export function cipherSuiteName(value: number): string {
  return registeredName(CipherSuiteId, value, 4);
}

/** Key exchange groups (RFC 9846 section 4.3.7, RFC 10024, RFC 8998). */
export const NamedGroup = {
  secp256r1: 0x0017,
  secp384r1: 0x0018,
  secp521r1: 0x0019,
  x25519: 0x001d,
  x448: 0x001e,
  brainpoolP256r1tls13: 0x001f,
  brainpoolP384r1tls13: 0x0020,
  brainpoolP512r1tls13: 0x0021,
  curveSM2: 0x0029,
  ffdhe2048: 0x0100,
  ffdhe3072: 0x0101,
  ffdhe4096: 0x0102,
  ffdhe6144: 0x0103,
  ffdhe8192: 0x0104,
  MLKEM512: 0x0200,
  MLKEM768: 0x0201,
  MLKEM1024: 0x0202,
  SecP256r1MLKEM768: 0x11eb,
  X25519MLKEM768: 0x11ec,
  SecP384r1MLKEM1024: 0x11ed,
  curveSM2MLKEM768: 0x11ee,
} as const;
/** Key exchange groups (RFC 9846 section 4.3.7, RFC 10024, RFC 8998). Any number of the field's width; see the object of the same name for the registered ones. */
export type NamedGroup = number;
/** The name of a key exchange group. */
export function namedGroupName(value: number): string {
  return registeredName(NamedGroup, value, 4);
}

/** Signature schemes (RFC 9846 section 4.3.3, RFC 8998). */
export const SignatureScheme = {
  rsa_pkcs1_sha1: 0x0201,
  ecdsa_sha1: 0x0203,
  rsa_pkcs1_sha256: 0x0401,
  rsa_pkcs1_sha384: 0x0501,
  rsa_pkcs1_sha512: 0x0601,
  ecdsa_secp256r1_sha256: 0x0403,
  ecdsa_secp384r1_sha384: 0x0503,
  ecdsa_secp521r1_sha512: 0x0603,
  sm2sig_sm3: 0x0708,
  rsa_pss_rsae_sha256: 0x0804,
  rsa_pss_rsae_sha384: 0x0805,
  rsa_pss_rsae_sha512: 0x0806,
  ed25519: 0x0807,
  ed448: 0x0808,
  rsa_pss_pss_sha256: 0x0809,
  rsa_pss_pss_sha384: 0x080a,
  rsa_pss_pss_sha512: 0x080b,
  rsa_pkcs1_sha256_legacy: 0x0420,
  rsa_pkcs1_sha384_legacy: 0x0520,
  rsa_pkcs1_sha512_legacy: 0x0620,
  ecdsa_brainpoolP256r1tls13_sha256: 0x081a,
  ecdsa_brainpoolP384r1tls13_sha384: 0x081b,
  ecdsa_brainpoolP512r1tls13_sha512: 0x081c,
  mldsa44: 0x0904,
  mldsa65: 0x0905,
  mldsa87: 0x0906,
} as const;
/** Signature schemes (RFC 9846 section 4.3.3, RFC 8998). Any number of the field's width; see the object of the same name for the registered ones. */
export type SignatureScheme = number;
/** The name of a signature scheme. */
export function signatureSchemeName(value: number): string {
  return registeredName(SignatureScheme, value, 4);
}

/** Alert descriptions (RFC 9846 section 6, RFC 9849). */
export const AlertDescription = {
  close_notify: 0,
  unexpected_message: 10,
  bad_record_mac: 20,
  decryption_failed: 21,
  record_overflow: 22,
  decompression_failure: 30,
  handshake_failure: 40,
  no_certificate: 41,
  bad_certificate: 42,
  unsupported_certificate: 43,
  certificate_revoked: 44,
  certificate_expired: 45,
  certificate_unknown: 46,
  illegal_parameter: 47,
  unknown_ca: 48,
  access_denied: 49,
  decode_error: 50,
  decrypt_error: 51,
  export_restriction: 60,
  protocol_version: 70,
  insufficient_security: 71,
  internal_error: 80,
  inappropriate_fallback: 86,
  user_canceled: 90,
  no_renegotiation: 100,
  missing_extension: 109,
  unsupported_extension: 110,
  certificate_unobtainable: 111,
  unrecognized_name: 112,
  bad_certificate_status_response: 113,
  bad_certificate_hash_value: 114,
  unknown_psk_identity: 115,
  certificate_required: 116,
  general_error: 117,
  no_application_protocol: 120,
  ech_required: 121,
} as const;
/** Alert descriptions (RFC 9846 section 6, RFC 9849). Any number of the field's width; see the object of the same name for the registered ones. */
export type AlertDescription = number;
/** The name of an alert. */
export function alertName(value: number): string {
  return registeredName(AlertDescription, value, 2);
}

/** Certificate types (RFC 7250). */
export const CertificateType = {
  X509: 0,
  RawPublicKey: 2,
} as const;
/** Certificate types (RFC 7250). Any number of the field's width; see the object of the same name for the registered ones. */
export type CertificateType = number;
/** The name of a certificate type. */
export function certificateTypeName(value: number): string {
  return registeredName(CertificateType, value, 2);
}

/** Certificate compression algorithms (RFC 8879). */
export const CertificateCompressionAlgorithm = {
  zlib: 1,
  brotli: 2,
  zstd: 3,
} as const;
/** Certificate compression algorithms (RFC 8879). Any number of the field's width; see the object of the same name for the registered ones. */
export type CertificateCompressionAlgorithm = number;
/** The name of a certificate compression algorithm. */
export function certificateCompressionAlgorithmName(value: number): string {
  return registeredName(CertificateCompressionAlgorithm, value, 2);
}

/** PSK key exchange modes (RFC 9846 section 4.3.9). */
export const PskKeyExchangeMode = {
  psk_ke: 0,
  psk_dhe_ke: 1,
} as const;
/** PSK key exchange modes (RFC 9846 section 4.3.9). Any number of the field's width; see the object of the same name for the registered ones. */
export type PskKeyExchangeMode = number;
/** The name of a PSK key exchange mode. */
export function pskKeyExchangeModeName(value: number): string {
  return registeredName(PskKeyExchangeMode, value, 2);
}

/** Protocol versions as they stand in `legacy_version`, `supported_versions` and record headers. */
export const ProtocolVersion = {
  tls10: 0x0301,
  tls11: 0x0302,
  tls12: 0x0303,
  tls13: 0x0304,
} as const;
/** A protocol version. Any 16-bit number; see the object of the same name. */
export type ProtocolVersion = number;

/** Alert levels (RFC 9846 section 6). */
export const AlertLevel = { warning: 1, fatal: 2 } as const;
/** An alert level. Any 8-bit number; see the object of the same name. */
export type AlertLevel = number;

/** TLS_FALLBACK_SCSV (RFC 7507): ignored by a TLS 1.3 server. */
export const TLS_FALLBACK_SCSV = 0x5600;

/** Whether a 16-bit code point is one of the sixteen GREASE values 0x0A0A, 0x1A1A ... 0xFAFA (RFC 8701 section 2). */
export function isGrease(value: number): boolean {
  return (value & 0x0f0f) === 0x0a0a && value >> 8 === (value & 0xff);
}
