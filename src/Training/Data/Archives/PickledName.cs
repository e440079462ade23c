namespace Atelier.Training.Data.Archives;

/// <summary>The name of something in Python, of which nothing but the name is used.</summary>
/// <param name="Text"><c>module.name</c>.</param>
internal sealed record PickledName(string Text)
{
    /// <summary>What makes an empty array.</summary>
    public const string Reconstruct = "numpy.core.multiarray._reconstruct";

    /// <summary>The class of arrays.</summary>
    public const string Array = "numpy.ndarray";

    /// <summary>The class of an array's type.</summary>
    public const string Type = "numpy.dtype";
}
