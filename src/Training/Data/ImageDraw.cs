namespace Atelier.Training.Data;

/// <summary>Which image a position of the run shows.</summary>
/// <param name="Image">Its index in the dataset.</param>
/// <param name="Mirror">Whether left and right are exchanged.</param>
public readonly record struct ImageDraw(int Image, bool Mirror);
