package cast

// Portrait is the person's photo as a JPEG of 900 × 1230.
func (p Person) Portrait() []byte { return p.look.jpeg(plain) }

// BlurredPortrait is the same photo out of focus.
func (p Person) BlurredPortrait() []byte { return p.look.jpeg(blurred) }

// DarkPortrait is the same photo far under-exposed.
func (p Person) DarkPortrait() []byte { return p.look.jpeg(underexposed) }
