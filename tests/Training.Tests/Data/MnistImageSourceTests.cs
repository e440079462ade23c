using System.Buffers.Binary;
using System.IO.Compression;
using Atelier.Training.Data;
using Atelier.Training.Imaging;

namespace Atelier.Training.Tests.Data;

public sealed class MnistImageSourceTests : IDisposable
{
    private const string ImagesName = "train-images-idx3-ubyte";
    private const string LabelsName = "train-labels-idx1-ubyte";

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Open_PublishedForm_IsPaddedTo32AndHasItsClasses(bool zipped)
    {
        _folder.Write(LabelsName + (zipped ? ".gz" : ""), Zip(zipped, Labels(3, 9, 0)));
        var path = _folder.Write(ImagesName + (zipped ? ".gz" : ""), Zip(zipped, Images(3)));

        using var dataset = TestSource.Open(ImageSource.Open(path), new DatasetOptions { Labels = LabelUse.Require });

        Assert.Equal((3, ImageSize.Square(32), 10), (dataset.Count, dataset.Resolution, dataset.LabelDim));
        var pixels = new byte[dataset.ImageBytes];
        dataset.CopyPixels(1, mirror: false, pixels);
        var image = new RgbImage(32, 32, pixels);
        Assert.Equal(RgbColor.Black, image.At(1, 16));
        Assert.Equal(new RgbColor(101, 101, 101), image.At(2, 2));
        Assert.Equal(new RgbColor(101, 101, 101), image.At(29, 29));
        Assert.Equal(RgbColor.Black, image.At(30, 29));
        var label = new float[10];
        dataset.CopyLabel(1, label);
        Assert.Equal(1, label[9]);
    }

    [Fact]
    public void Open_FolderWithTheFiles_IsTheTrainingSet()
    {
        _folder.Write(ImagesName, Images(2));
        _folder.Write("t10k-images-idx3-ubyte", Images(5));

        using var source = ImageSource.Open(_folder.Path);

        Assert.Equal(2, source.ImageNames.Count);
        Assert.Null(source.ReadLabels());
    }

    [Fact]
    public void Open_CutShort_SaysTheLengths()
    {
        var message = Refused(Images(3)[..2000]);

        Assert.Contains(ImagesName, message, StringComparison.Ordinal);
        Assert.Contains("3 x 28 x 28", message, StringComparison.Ordinal);
        Assert.Contains("2,000", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_ZippedAndCutShort_IsRefused()
    {
        var zipped = Zip(true, Images(3));

        Refused(zipped[..(zipped.Length / 2)]);
    }

    [Fact]
    public void Open_LabelsForOtherImages_NamesTheirFile()
    {
        _folder.Write(LabelsName, Labels(1, 2));

        var message = Refused(Images(3));

        Assert.Contains(LabelsName, message, StringComparison.Ordinal);
        Assert.Contains("2 labels but 3 images", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_LabelsWhereImagesBelong_IsRefused() => Assert.Contains("not an idx file", Refused(Labels(1, 2)), StringComparison.Ordinal);

    [Fact]
    public void Open_SizeThatOverflows_IsRefused()
    {
        var file = Images(1);
        for (var i = 4; i < 16; i += 4)
            BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(i), int.MaxValue);

        Assert.Contains("damaged", Refused(file), StringComparison.Ordinal);
    }

    private string Refused(byte[] images)
    {
        var error = Assert.Throws<DatasetException>(() => ImageSource.Open(_folder.Write(ImagesName, images)).Dispose());
        Assert.Equal(DatasetProblem.DamagedArchive, error.Problem);
        return error.Message;
    }

    // Image i is filled with 100 + i.
    private static byte[] Images(int count) =>
        [0, 0, 8, 3, 0, 0, 0, (byte)count, 0, 0, 0, 28, 0, 0, 0, 28, .. Enumerable.Range(0, count).SelectMany(i => Enumerable.Repeat((byte)(100 + i), 28 * 28))];

    private static byte[] Labels(params byte[] classes) => [0, 0, 8, 1, 0, 0, 0, (byte)classes.Length, .. classes];

    private static byte[] Zip(bool zip, byte[] content)
    {
        if (!zip)
            return content;
        using var zipped = new MemoryStream();
        using (var stream = new GZipStream(zipped, CompressionLevel.Fastest))
            stream.Write(content);
        return zipped.ToArray();
    }
}
