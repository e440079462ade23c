using System.Diagnostics;
using System.Text;
using Atelier.Training.Data;
using Atelier.Training.Imaging;

namespace Atelier.Training.Tests.Data;

public sealed class CifarImageSourceTests : IDisposable
{
    private const string Python = "/usr/bin/python3";

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public void Open_PublishedForms_AreTheTrainingImagesWithTheirClasses(bool python, bool packed)
    {
        using var dataset = TestSource.Open(ImageSource.Open(WriteSet(CifarFiles.Set(python), packed)), new DatasetOptions { Labels = LabelUse.Require });

        Assert.Equal((10, ImageSize.Square(32), 10), (dataset.Count, dataset.Resolution, dataset.LabelDim));
        Assert.Equal("data_batch_1/00001.png", dataset.NameOf(1));
        var label = new float[10];
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal(i, TestSource.NumberAt(dataset, i));
            dataset.CopyLabel(i, label);
            Assert.Equal(1, label[i]);
        }
    }

    [Fact]
    public void Open_PythonAndBinary_HaveTheSameImages()
    {
        using var python = ImageSource.Open(WriteSet(CifarFiles.Set(python: true), packed: true));
        using var binary = ImageSource.Open(WriteSet(CifarFiles.Set(python: false), packed: false));

        Assert.Equal(binary.ImageNames, python.ImageNames);
        Assert.Equal(binary.ReadLabels(), python.ReadLabels());
        Assert.All(Enumerable.Range(0, 10), i => Assert.Equal(binary.Read(i), python.Read(i)));
    }

    [Fact]
    public void Open_OneFile_IsThatFile()
    {
        using var source = ImageSource.Open(_folder.Write("test_batch.bin", CifarFiles.Binary(7, 3)));

        Assert.Equal(["test_batch/00000.png", "test_batch/00001.png", "test_batch/00002.png"], source.ImageNames);
    }

    [Fact]
    public void Pickles_OfTheseTests_AreWhatPythonReads()
    {
        Assert.SkipUnless(File.Exists(Python) && Run("import numpy") == 0, $"{Python} has no numpy: install the Debian package python3-numpy");
        var path = _folder.Write("data_batch_1", CifarFiles.Pickle(5, 3));

        Assert.Equal(0, Run($"import pickle; d = pickle.load(open('{path}', 'rb'), encoding='latin1'); assert d['data'].shape == (3, 3072) and d['data'][1, 9] == 6 and d['labels'] == [5, 6, 7], d"));
    }

    [Theory]
    [InlineData("cos\nsystem\nU\u0004true\u0085R", "os.system")]
    [InlineData("cnumpy\nload\n", "numpy.load")]
    [InlineData("c__builtin__\neval\nU\u00011\u0085R", "__builtin__.eval")]
    [InlineData("ios\nsystem\n", "INST")]
    [InlineData("\u0081", "NEWOBJ")]
    [InlineData("\u0093", "STACK_GLOBAL")]
    [InlineData("Pabc\n", "PERSID")]
    [InlineData("cnumpy\ndtype\nU\u0002O8K\u0000K\u0001\u0087R", "numpy.dtype")]
    [InlineData("\u0082\u0001", "EXT1")]
    public void Open_PickleWithAnythingElse_IsRefusedByItsName(string instead, string name)
    {
        var files = CifarFiles.Set(python: true);
        files["data_batch_3"] = CifarFiles.Pickle(0, 2, instead: Encoding.Latin1.GetBytes(instead));

        var message = Refused(WriteSet(files, packed: false));

        Assert.Contains("data_batch_3", message, StringComparison.Ordinal);
        Assert.Contains(name, message, StringComparison.Ordinal);
        Assert.Contains("not executed", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_PickleCutAnywhere_IsRefused()
    {
        var whole = CifarFiles.Pickle(0, 1);
        for (var length = 0; length < whole.Length; length += length is > 300 and < 3200 ? 500 : 1)
            Refused(_folder.Write("data_batch_1", whole[..length]));
    }

    [Fact]
    public void Open_PickleWithBytesFlipped_IsRefusedOrRead()
    {
        var random = new Random(1);
        var whole = CifarFiles.Pickle(0, 1);
        for (var round = 0; round < 2000; round++)
        {
            var damaged = whole.ToArray();
            // Where opcodes are, not in the pixels.
            damaged[random.Next(2) == 0 ? random.Next(300) : whole.Length - 1 - random.Next(40)] = (byte)random.Next(256);
            try
            {
                CifarImageSource.Open(_folder.Write("data_batch_1", damaged)).Dispose();
            }
            catch (DatasetException e)
            {
                Assert.Equal(DatasetProblem.DamagedArchive, e.Problem);
            }
        }
    }

    [Fact]
    public void Open_FewerLabelsThanImages_SaysBoth() =>
        Assert.Contains("3 images but 2 labels", Refused(_folder.Write("data_batch_1", CifarFiles.Pickle(0, 3, labels: 2))), StringComparison.Ordinal);

    [Fact]
    public void Open_BinaryCutShort_SaysTheLengths()
    {
        var files = CifarFiles.Set(python: false);
        files["data_batch_2.bin"] = files["data_batch_2.bin"][..5000];

        var message = Refused(WriteSet(files, packed: false));

        Assert.Contains("data_batch_2.bin has 5,000 bytes", message, StringComparison.Ordinal);
        Assert.Contains("3,073", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_BinaryWithAnotherClass_NamesTheImage()
    {
        var file = CifarFiles.Binary(0, 3);
        file[3073] = 11;

        Assert.Contains("image 1 has class 11", Refused(_folder.Write("data_batch_1.bin", file)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Open_AFileMissing_NamesIt(bool packed)
    {
        var files = CifarFiles.Set(python: true);
        files.Remove("data_batch_4");

        Assert.Contains("data_batch_4", Refused(WriteSet(files, packed)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0.9)]
    [InlineData(0.3)]
    public void Open_ArchiveCutShort_NamesIt(double share)
    {
        var whole = CifarFiles.Packed(CifarFiles.Set(python: true));

        Assert.Contains("cifar-10-python.tar.gz", Refused(_folder.Write("cifar-10-python.tar.gz", whole[..(int)(whole.Length * share)])), StringComparison.Ordinal);
    }

    [Fact]
    public void Open_ArchiveOfSomethingElse_SaysWhatIsMissing() => Assert.Contains(
        "not a complete CIFAR-10", Refused(_folder.Write("photos.tar.gz", CifarFiles.Packed(new() { ["a.png"] = [1, 2, 3] }))), StringComparison.Ordinal);

    private static string Refused(string path)
    {
        var error = Assert.Throws<DatasetException>(() => ImageSource.Open(path).Dispose());
        Assert.Equal(DatasetProblem.DamagedArchive, error.Problem);
        return error.Message;
    }

    private string WriteSet(Dictionary<string, byte[]> files, bool packed)
    {
        if (packed)
            return _folder.Write("cifar-10-python.tar.gz", CifarFiles.Packed(files));
        foreach (var (name, content) in files)
            _folder.Write($"batches/{name}", content);
        return System.IO.Path.Combine(_folder.Path, "batches");
    }

    private static int Run(string code)
    {
        using var process = Process.Start(new ProcessStartInfo(Python, ["-c", code]) { RedirectStandardError = true })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode;
    }
}
