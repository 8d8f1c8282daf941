// Package msisdn says which country and which mobile-money operator a telephone
// number belongs to, for Côte d'Ivoire, Benin, Togo and Rwanda.
//
// A number is taken in the international form (E.164, with the plus sign) and
// never refused for being out of its country's numbering plan: plans change, and
// people keep numbers of the old ones. What cannot be told is an error that says
// what to send instead, never a guess.
//
// The table of prefixes is our own and small, and can be extended: operators get
// new blocks before libraries know them. Its sources:
//   - Côte d'Ivoire: 10 digits since 31 January 2021; the two that were put in
//     front name the operator.
//   - Benin: 10 digits since 30 November 2024; 01 was put in front of every
//     number, whosever it was.
//   - the blocks of each operator: the carrier metadata of libphonenumber
//     9.0.32, with which a test compares every block; but that Rwanda's 72,
//     there still named after Tigo, is Airtel's.
package msisdn
