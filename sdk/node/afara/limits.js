'use strict';

// The limits of the contract, in bytes where nothing else is said.
module.exports = Object.freeze({
  PROTOCOL_VERSION: 1,
  MAX_MESSAGE: 16 << 20, // the largest message that is taken
  MAX_STATE: 16 << 10, // what a call may leave for the next attempt
  MAX_VENDOR_ANSWER: 16 << 10, // what an error keeps of the vendor's answer
  MAX_TEXT: 4 << 10, // each text of an error
  MAX_CONNECTIONS: 1024, // how many connections the process remembers
});
