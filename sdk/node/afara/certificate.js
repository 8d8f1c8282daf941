'use strict';

require('reflect-metadata'); // what @peculiar/x509 stands on
const { randomBytes, webcrypto } = require('node:crypto');
const x509 = require('@peculiar/x509');

const YEARS_30 = 30 * 365 * 24 * 3600 * 1000;

/**
 * Makes a key and a certificate for this one process, as go-plugin's AutoMTLS
 * does: self-signed, for localhost, ECDSA P-256. The engine trusts this
 * certificate alone, since it comes with the handshake.
 */
async function selfSigned(now = Date.now()) {
  x509.cryptoProvider.set(webcrypto);
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: randomBytes(16).toString('hex'),
    name: 'CN=localhost, O=Afara connector',
    notBefore: new Date(now - 30_000),
    notAfter: new Date(now + YEARS_30),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyCertSign, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
      new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: 'localhost' }]),
    ],
  });
  const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  return {
    certificate: Buffer.from(certificate.toString('pem')),
    der: Buffer.from(certificate.rawData),
    key: Buffer.from(`-----BEGIN PRIVATE KEY-----\n${key.toString('base64').replace(/(.{64})/g, '$1\n')}\n-----END PRIVATE KEY-----\n`),
  };
}

module.exports = { selfSigned };
