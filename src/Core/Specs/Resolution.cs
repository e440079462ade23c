using System.Numerics;

namespace Atelier.Core.Specs;

/// <summary>The size of a run's images.</summary>
/// <remarks>
/// A network starts from a small constant and doubles it, so both sides must be a multiple of the same power of two:
/// a square power of two from 4 up starts from 4×4, 512x384 (width x height) from 4×3.
/// </remarks>
/// <param name="Height">Rows of pixels.</param>
/// <param name="Width">Columns of pixels.</param>
public readonly record struct Resolution(int Height, int Width)
{
    /// <summary>Largest side of the constant a network starts from.</summary>
    public const int LargestBase = 16;

    /// <summary>Not given: taken from the dataset.</summary>
    public static Resolution Auto => default;

    public bool IsAuto => Height == 0 && Width == 0;

    /// <summary>The longer side, in pixels: the resolution in formulas that have one number.</summary>
    public int LongSide => Math.Max(Height, Width);

    /// <summary>How often the constant is doubled: as often as leaves it at least 4 pixels on its longer side.</summary>
    public int Doublings
    {
        get
        {
            if (LongSide < 4) return 0;
            var common = BitOperations.TrailingZeroCount(Height | Width);
            return Math.Min(common, BitOperations.Log2((uint)LongSide) - 2);
        }
    }

    /// <summary>Rows of the constant that the generator starts from.</summary>
    public int BaseHeight => Height >> Doublings;

    /// <summary>Columns of the constant that the generator starts from.</summary>
    public int BaseWidth => Width >> Doublings;

    /// <summary>The longer side of that constant, in pixels.</summary>
    public int BaseSide => LongSide >> Doublings;

    /// <summary>Whether a network can have this output.</summary>
    public bool IsWorkable =>
        Height > 0 && Width > 0 && LongSide >= 4
        && BitOperations.TrailingZeroCount(Height | Width) >= 2
        && BaseSide <= LargestBase;

    /// <summary>A square of the largest power of two that is not above the shorter side: what to resize to.</summary>
    public Resolution NearestPowerOfTwo()
    {
        var side = 1 << BitOperations.Log2((uint)Math.Max(4, Math.Min(Height, Width)));
        return new(side, side);
    }

    /// <summary>One number for a square, <c>512x384</c> (width first) otherwise, `auto` when not given.</summary>
    public override string ToString() => IsAuto ? "auto" : Height == Width ? $"{Height}" : $"{Width}x{Height}";
}
