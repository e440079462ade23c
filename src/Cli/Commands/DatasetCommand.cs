using System.CommandLine;
using Atelier.Core;
using Atelier.Training.Imaging;

namespace Atelier.Cli.Commands;

/// <summary><c>atelier dataset</c>: what is done with images before training.</summary>
internal static class DatasetCommand
{
    /// <summary>What a source may be, for help texts.</summary>
    public const string Sources = "a folder or zip file of images, LSUN's LMDB, CIFAR-10, MNIST, or emoji:faces:SIZE";

    private const double Million = 1e6;

    public static Command Create() => new("dataset", "Pack, check and measure datasets")
    {
        DatasetConvertCommand.Create(),
        DatasetCheckCommand.Create(),
        DatasetStatsCommand.Create(),
    };

    /// <summary>The option that bounds the size of images.</summary>
    public static Option<double> MegapixelsOption() => new("--max-megapixels")
    {
        Description = "largest images that are read, in millions of pixels", DefaultValueFactory = _ => ImageCodec.DefaultMostPixels / Million,
    };

    /// <summary>The bound in pixels.</summary>
    /// <exception cref="UserErrorException">It is out of range.</exception>
    public static long PixelsOf(ParseResult parsed, Option<double> option)
    {
        var megapixels = parsed.GetValue(option);
        return megapixels is > 0 and <= ImageCodec.LargestMostPixels / Million
            ? (long)(megapixels * Million)
            : throw new UserErrorException($"--max-megapixels {megapixels}: a number above 0, up to {ImageCodec.LargestMostPixels / Million:0}, is needed");
    }
}
