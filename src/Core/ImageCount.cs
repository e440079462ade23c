using System.Globalization;

namespace Atelier.Core;

/// <summary>Real images shown so far: the clock of a run.</summary>
/// <param name="Images">Images, not thousands.</param>
public readonly record struct ImageCount(long Images) : IComparable<ImageCount>
{
    public static ImageCount Zero => default;

    /// <summary>Thousands of images, as people write it.</summary>
    public double Kimg => Images / 1000.0;

    /// <summary>The count nearest to a number of thousands.</summary>
    /// <param name="kimg">Thousands of images; may be fractional.</param>
    public static ImageCount FromKimg(double kimg) => new((long)Math.Round(kimg * 1000));

    public ImageCount Add(long images) => new(checked(Images + images));

    public int CompareTo(ImageCount other) => Images.CompareTo(other.Images);

    public static bool operator <(ImageCount left, ImageCount right) => left.Images < right.Images;
    public static bool operator >(ImageCount left, ImageCount right) => left.Images > right.Images;
    public static bool operator <=(ImageCount left, ImageCount right) => left.Images <= right.Images;
    public static bool operator >=(ImageCount left, ImageCount right) => left.Images >= right.Images;

    public override string ToString() => Kimg.ToString("0.0##", CultureInfo.InvariantCulture) + " kimg";
}
