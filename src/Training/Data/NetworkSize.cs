using Atelier.Core.Specs;
using Atelier.Training.Imaging;

namespace Atelier.Training.Data;

/// <summary>
/// Which sizes the networks can have: they double from a small block, so both sides are k·2ⁿ with one n of at least 2,
/// that is, multiples of 4 (32x32 = 2ⁿ, or 512x384 = 4·2⁷ × 3·2⁷).
/// </summary>
public static class NetworkSize
{
    private const int Unit = 4;

    /// <summary>Whether networks of this size exist.</summary>
    public static bool IsUsable(ImageSize size) => size.Width % Unit == 0 && size.Height % Unit == 0;

    /// <summary>Throws if networks of this size do not exist.</summary>
    /// <param name="size">The size.</param>
    /// <param name="what">Whose size it is, for the message.</param>
    /// <param name="source">The dataset's path, for the command that converts it; null if there is none.</param>
    /// <exception cref="DatasetException">They do not.</exception>
    internal static void Require(ImageSize size, string what, string? source = null)
    {
        if (IsUsable(size))
            return;
        var square = ImageSize.Square(PowerOfTwoBelow(Math.Min(size.Width, size.Height)));
        var near = new ImageSize(RoundDown(size.Width), RoundDown(size.Height));
        var choice = square == near ? ResizeTo(square) : $"{ResizeTo(square)} (square) or {ResizeTo(near)}";
        throw new DatasetException(
            DatasetProblem.UnusableSize,
            $"{what} is {size}: the networks double in size from layer to layer, so width and height must be multiples of {Unit} "
            + $"(powers of two are best). Pass {choice} to crop and resize images{(source is null ? "" : $" on the fly, or do it once: `{ConvertHint.For(source, square)}`")}.");
    }

    /// <summary>What to pass so that images are cropped and resized.</summary>
    internal static string ResizeTo(ImageSize size) => $"`--set resolution={new Resolution(size.Height, size.Width)} --set resize=fit`";

    private static int RoundDown(int side) => Math.Max(Unit, side / Unit * Unit);

    private static int PowerOfTwoBelow(int side) => Math.Max(Unit, 1 << int.Log2(side));
}

/// <summary>The command that brings a dataset to one size.</summary>
public static class ConvertHint
{
    /// <summary>The command, ready to be pasted into a shell.</summary>
    /// <param name="source">The dataset's path.</param>
    /// <param name="size">The size of the results.</param>
    public static string For(string source, ImageSize size)
    {
        ArgumentNullException.ThrowIfNull(source);
        var name = Path.GetFileName(Path.TrimEndingDirectorySeparator(source)).Split('.')[0];
        var resolution = size.Width == size.Height ? $"{size.Width}" : size.ToString();
        return $"atelier dataset convert {Quoted(source)} --out {Quoted($"{name}-{resolution}.zip")} --resolution {resolution} --crop center-crop";
    }

    private static string Quoted(string text) =>
        text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || "-_./+=:@,".Contains(c, StringComparison.Ordinal)) ? text : $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
