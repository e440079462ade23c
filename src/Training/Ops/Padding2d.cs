namespace Atelier.Training.Ops;

/// <summary>Pixels of zeros around an image; negative values crop.</summary>
public readonly record struct Padding2d(int Left, int Right, int Top, int Bottom);
