using Atelier.Core.Randomness;

namespace Atelier.Training.Augmentation;

/// <summary>An affine map of the plane, (x, y) → (A·x + B·y + X, C·x + D·y + Y): the two upper rows of a homogeneous matrix.</summary>
public readonly record struct PlaneMap(double A, double B, double X, double C, double D, double Y)
{
    /// <summary>Leaves every point where it is.</summary>
    public static PlaneMap Identity { get; } = new(1, 0, 0, 0, 1, 0);

    /// <summary>Scales both axes about the origin.</summary>
    public static PlaneMap Scale(double x, double y) => new(x, 0, 0, 0, y, 0);

    /// <summary>Moves every point.</summary>
    public static PlaneMap Translate(double x, double y) => new(1, 0, x, 0, 1, y);

    /// <summary>Turns about the origin, from the x axis towards the y axis.</summary>
    public static PlaneMap Rotate(double angle)
    {
        double sin = DeterministicMath.Sin(angle), cos = DeterministicMath.Cos(angle);
        return new(cos, -sin, 0, sin, cos, 0);
    }

    /// <summary>First <paramref name="inner"/>, then this: the matrices' product.</summary>
    public PlaneMap After(PlaneMap inner) => new(
        (A * inner.A) + (B * inner.C), (A * inner.B) + (B * inner.D), (A * inner.X) + (B * inner.Y) + X,
        (C * inner.A) + (D * inner.C), (C * inner.B) + (D * inner.D), (C * inner.X) + (D * inner.Y) + Y);
}
