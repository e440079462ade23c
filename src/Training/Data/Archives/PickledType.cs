namespace Atelier.Training.Data.Archives;

/// <summary>The type of a pickled numpy array; only <c>u1</c>, bytes, is known.</summary>
internal sealed record PickledType;
