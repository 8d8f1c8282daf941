'use strict';

const grpc = require('@grpc/grpc-js');
const protoLoader = require('@grpc/proto-loader');

const contract = require('./contract.json');

const definition = protoLoader.loadFileDescriptorSetFromBuffer(Buffer.from(contract.descriptorSet, 'base64'), {
  longs: String, enums: String, bytes: Buffer, defaults: true, oneofs: true,
});

const nothing = { serialize: () => Buffer.alloc(0), deserialize: () => ({}) };

/** go-plugin's way to ask a process to end. Both messages are empty. */
const controller = {
  Shutdown: {
    path: '/plugin.GRPCController/Shutdown', requestStream: false, responseStream: false,
    requestSerialize: nothing.serialize, requestDeserialize: nothing.deserialize,
    responseSerialize: nothing.serialize, responseDeserialize: nothing.deserialize,
  },
};

module.exports = {
  connector: definition['afara.connector.v1.Connector'],
  controller,
  health: definition['grpc.health.v1.Health'],
  status: grpc.status,
};
