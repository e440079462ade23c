using Atelier.Core.Randomness;

namespace Atelier.Training.Augmentation;

/// <summary>An affine map of colours (r, g, b): the three upper rows of a homogeneous 4×4 matrix.</summary>
public sealed class ColourMap
{
    private readonly double[,] _rows; // [3, 4]

    private ColourMap(Func<int, int, double> at)
    {
        _rows = new double[3, 4];
        for (int row = 0; row < 3; row++)
        {
            for (int column = 0; column < 4; column++)
                _rows[row, column] = at(row, column);
        }
    }

    /// <summary>Leaves every colour as it is.</summary>
    public static ColourMap Identity { get; } = Scale(1);

    /// <summary>One element, row 0 to 2, column 0 to 3; the last column is what is added.</summary>
    public double this[int row, int column] => _rows[row, column];

    /// <summary>Adds to every channel.</summary>
    public static ColourMap Translate(double amount) => new((row, column) => column == 3 ? amount : Unit(row, column));

    /// <summary>Multiplies every channel.</summary>
    public static ColourMap Scale(double factor) => new((row, column) => factor * Unit(row, column));

    /// <summary>Mirrors brightness: Householder's reflection along the luma axis v = (1, 1, 1)/√3, 1 − 2vvᵀ.</summary>
    public static ColourMap FlipLuma() => new((row, column) => column == 3 ? 0 : Unit(row, column) - (2.0 / 3));

    /// <summary>Turns about the luma axis (Rodrigues' formula).</summary>
    public static ColourMap RotateHue(double angle)
    {
        double cos = DeterministicMath.Cos(angle), along = (1 - cos) / 3, across = DeterministicMath.Sin(angle) / Math.Sqrt(3);
        return new((row, column) => column == 3 ? 0 : along + ((column - row + 3) % 3) switch { 0 => cos, 1 => -across, _ => across });
    }

    /// <summary>Scales what is orthogonal to the luma axis: vvᵀ + (1 − vvᵀ)·factor.</summary>
    public static ColourMap Saturate(double factor) => new((row, column) => column == 3 ? 0 : (1.0 / 3) + ((Unit(row, column) - (1.0 / 3)) * factor));

    /// <summary>First <paramref name="inner"/>, then this: the matrices' product.</summary>
    public ColourMap After(ColourMap inner)
    {
        ArgumentNullException.ThrowIfNull(inner);
        return new((row, column) => (this[row, 0] * inner[0, column]) + (this[row, 1] * inner[1, column]) + (this[row, 2] * inner[2, column]) + (column == 3 ? this[row, 3] : 0));
    }

    private static double Unit(int row, int column) => row == column ? 1 : 0;
}
