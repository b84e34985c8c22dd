// Package company keeps the companies that order cards: their names and numbers, where cards are delivered, and whether
// they are on hold.
//
// A scheme officer enters a company ([Service.Enter]); who may act for it is the business of accounts.
//
// # Numbers
//
// A Swedish company has an [OrganisationNumber]. That of a sole trader is the owner's personal number: it stands sealed in
// the database, with a keyed hash to find it, and [Company.OrganisationNumber] is empty, so that no list, card or file can
// show it. [Service.RevealNumber] opens it for an officer and says so in the journal. Foreign numbers are kept as letters
// and digits; one country and number is one company.
//
// # Hold
//
// A company on hold (unpaid fee, broken agreement, other) is an overlay: its cards keep their states and count as not
// active until it is released. Holding again or releasing twice is refused; each change is guarded by the revision and is
// one entry of the journal (company.entered, changed, held, released, closed, address_added, number_revealed), from whose
// feed the mails about it are made. [Service.OnChange] tells listeners in this process after the commit, with the
// revision, so that a late one can't undo a newer one.
package company
