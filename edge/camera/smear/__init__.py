"""Blood smears rendered by our own code: every cell's place, class and size is known.

The parts follow the way of light: ``layout`` says what lies where, ``red_cells``, ``white_cells``
and ``debris`` say how much stain each thing holds, ``stain`` turns stain into optical density,
``optics`` blurs, ``mosaic`` puts sprites together into a slide, ``sensor`` makes pixels of it.
"""
