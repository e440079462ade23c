using System.Globalization;
using Atelier.Training.Data;
using Atelier.Training.Imaging;
using Atelier.Training.Tests.Imaging;

namespace Atelier.Training.Tests.Data;

/// <summary>Datasets in memory; image <c>n</c> is <c>nnnn.png</c> with blue = n (see <see cref="TestImages.Coordinates"/>).</summary>
internal static class TestSource
{
    public static string NameOf(int number) => string.Create(CultureInfo.InvariantCulture, $"{number:0000}.png");

    public static Dictionary<string, byte[]> Files(int count, int width = 8, int height = 8) =>
        Enumerable.Range(0, count).ToDictionary(NameOf, n => TestImages.Png(width, height, n));

    public static MemoryImageSource Of(int count, string? labels = null, int width = 8, int height = 8) =>
        new("test", Files(count, width, height), labels);

    /// <summary>Opens a dataset with two threads.</summary>
    public static ImageDataset Open(ImageSource source, DatasetOptions? options = null) =>
        ImageDataset.Open(source, (options ?? new DatasetOptions()) with { Threads = 2 });

    /// <summary>The error that opening a dataset must end with.</summary>
    public static DatasetException Refused(ImageSource source, DatasetProblem problem, DatasetOptions? options = null)
    {
        var error = Assert.Throws<DatasetException>(() => Open(source, options).Dispose());
        Assert.Equal(problem, error.Problem);
        return error;
    }

    /// <summary>The number of the picture whose planes these are.</summary>
    public static int NumberOf(ReadOnlySpan<byte> planes) => planes[^1];

    public static int NumberAt(ImageDataset dataset, int index)
    {
        var pixels = new byte[dataset.ImageBytes];
        dataset.CopyPixels(index, mirror: false, pixels);
        return NumberOf(pixels);
    }
}
