"""How much there is of a document, counted on this machine before anything is sent: pages, slides, sheets and cells."""
