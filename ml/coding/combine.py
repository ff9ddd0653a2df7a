def combined(found, release):
    return found
