"""ONNX networks to Keras layers in NHWC: read, relabel axes, build, compare with onnxruntime.

The map: ``reading`` takes the file, ``fusion`` joins what exporters took apart, ``building`` walks
the graph and asks ``registry`` for the builder of each operator; the builders stand in
``operators``, one file a family. ``layout`` says where each ONNX axis lies in a Keras tensor, so
that a change of layout is a change of labels and needs no transposition. ``comparison`` proves the
result.
"""
