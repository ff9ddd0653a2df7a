"""Live recording of a visit over a WebSocket: ``/live/transcription``.

Messages are JSON objects in text frames, named by ``type``; audio comes in binary frames.

=============  ==========================================================================================
client         what it says
=============  ==========================================================================================
``start``      ``patient`` (``Patient/1``), ``contentType``: ``audio/pcm;rate=16000;channels=1`` (signed,
               16 bits, little endian), ``audio/opus;channels=1``, ``audio/ogg`` or ``audio/webm``; as
               wished ``encounter``, ``operator``, ``language`` (BCP 47), ``roles`` (of each channel: doctor,
               patient, other)
``resume``     ``session`` and ``token`` of ``started``, after a connection was lost
binary frame   four bytes, big endian: how many bytes of audio come before those of this frame; then audio.
               Of ``audio/opus`` how many packets come before; then one packet
``finish``     that is all; with ``offset``, how many bytes or packets there must be
``stop``       the patient does not consent any more
=============  ==========================================================================================

=============  ==========================================================================================
gateway        what it says
=============  ==========================================================================================
``started``    ``session``, ``token``, ``offset`` 0, and ``recognition``: whether segments will come
``resumed``    ``session`` and ``offset``: go on with the byte of that number
``ack``        ``offset``: so many bytes are on disk, synchronised; a client may forget them
``segment``    ``start_s``, ``end_s``, ``text``, ``flags``; ``final``: it will not change any more
``recognition``  ``available`` false and ``text``: no segments for now, or for good; the recording goes on.
               ``available`` true and ``text``: they come again, or a part was not recognised
``finished``   ``media``: reference of the Media, ``offset`` and ``complete``
``stopped``    why the recording has ended without the client's wish; ``media`` where it was kept
``error``      ``code`` (an issue type of FHIR) and ``text``; the connection closes
=============  ==========================================================================================

Every ``offset`` counts bytes of audio, or packets of ``audio/opus``. A frame that begins before what was
received is taken from there on, so that nothing is doubled; one that begins behind it is refused, so that
nothing is missing. Close codes: 1000 the session has ended, 1003 wrong data, 1008 not allowed, 1009 too
large, 1011 a fault of ours, 1013 try again later, 4408 idle, 4409 taken over by another connection. After
each of them but 1000 a session can be resumed, until ``live_resume_s`` is over: then what there is becomes a
Media that says that it is incomplete.
"""
