using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Atelier.Training.Data;
using Atelier.Training.Imaging;

namespace Atelier.Training.Tests.Data;

/// <summary>A database that LSUN's own library wrote (<c>Fixtures/make_lmdb.py</c>), whole and damaged.</summary>
public sealed class LmdbImageSourceTests : IDisposable
{
    private const int Page = 4096;
    private const int Images = 60;

    private static readonly Lazy<byte[]> Database = new(() =>
    {
        using var file = new GZipStream(File.OpenRead(System.IO.Path.Combine(AppContext.BaseDirectory, "Data", "Fixtures", "lsun_lmdb.mdb.gz")), CompressionMode.Decompress);
        using var whole = new MemoryStream();
        file.CopyTo(whole);
        return whole.ToArray();
    });

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Open_PublishedForm_HasEveryImageUnderItsKey()
    {
        using var source = ImageSource.Open(Write(Database.Value));

        Assert.IsType<LmdbImageSource>(source);
        Assert.Equal(Enumerable.Range(0, Images).Select(KeyOf).Order(StringComparer.Ordinal), source.ImageNames);
        Assert.Null(source.ReadLabels());
        for (var i = 0; i < Images; i++)
        {
            var image = ImageCodec.Decode(source.Read(source.ImageNames.ToList().IndexOf(KeyOf(i))), RgbColor.White);
            // Large values lie on pages of their own.
            Assert.Equal(ImageSize.Square(i % 20 == 7 ? 64 : 8), image.Size);
            if (i % 3 != 2 || image.Width == 64) // JPEG is lossy
                Assert.Equal(new RgbColor(56, 24, (byte)i), image.At(7, 3));
        }
    }

    [Fact]
    public void Open_TheFileItself_IsTheSame()
    {
        using var source = ImageSource.Open(System.IO.Path.Combine(Write(Database.Value), "data.mdb"));

        Assert.Equal(Images, source.ImageNames.Count);
    }

    [Fact]
    public void Open_OnlyTheFirstMetaPageIsNewer_TakesThatOne()
    {
        // The second transaction is the newer one; with a lower number its page counts as the older.
        var database = Database.Value.ToArray();
        var (first, second) = (Transaction(database, 0), Transaction(database, 1));
        Assert.NotEqual(first, second);
        BinaryPrimitives.WriteInt64LittleEndian(database.AsSpan((first > second ? 0 : Page) + 16 + 128), 0);

        using var source = ImageSource.Open(Write(database));

        Assert.NotEqual(Images, source.ImageNames.Count);
    }

    [Theory]
    [InlineData(0.9)]
    [InlineData(0.5)]
    [InlineData(0.1)]
    public void Open_CutShort_NamesTheFileAndItsLength(double share)
    {
        var length = (int)(Database.Value.Length * share);

        var error = Refused(Database.Value[..length]);

        Assert.Contains("data.mdb", error.Message, StringComparison.Ordinal);
        Assert.Contains("truncated", error.Message, StringComparison.Ordinal);
        Assert.Contains($"{length:#,0} bytes", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_CutAnywhere_IsRefusedOrWhole()
    {
        for (var length = 0; length < Database.Value.Length; length += 1000)
        {
            var folder = Write(Database.Value[..length]);
            try
            {
                using var source = LmdbImageSource.Open(folder);
                Assert.Equal(Images, source.ImageNames.Count);
                for (var i = 0; i < Images; i++)
                    ImageCodec.Decode(source.Read(i), RgbColor.White);
            }
            catch (DatasetException e)
            {
                Assert.Equal(DatasetProblem.DamagedArchive, e.Problem);
            }
        }
    }

    [Fact]
    public void Open_BytesFlipped_IsRefusedOrListsImages()
    {
        var random = new Random(3);
        for (var round = 0; round < 300; round++)
        {
            var database = Database.Value.ToArray();
            for (var i = 0; i < 4; i++)
                database[random.Next(database.Length)] ^= (byte)(1 << random.Next(8));
            try
            {
                using var source = LmdbImageSource.Open(Write(database));
                for (var i = 0; i < source.ImageNames.Count; i++)
                    source.Read(i);
            }
            catch (DatasetException e)
            {
                Assert.Equal(DatasetProblem.DamagedArchive, e.Problem);
            }
        }
    }

    [Fact]
    public void Open_PagesInACircle_IsRefused()
    {
        var database = Database.Value.ToArray();
        var root = Root(database);
        // The root's first child becomes the root.
        var node = (int)(root * Page) + BinaryPrimitives.ReadUInt16LittleEndian(database.AsSpan((int)(root * Page) + 16));
        BinaryPrimitives.WriteUInt32LittleEndian(database.AsSpan(node), (uint)root);

        Assert.Contains("tree", Refused(database).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(20, 2, "version 2")]
    [InlineData(16, 0, "not an LMDB file")]
    public void Open_AnotherForm_SaysWhich(int offset, byte value, string part)
    {
        var database = Database.Value.ToArray();
        database[offset] = value;
        database[Page + offset] = value;

        Assert.Contains(part, Refused(database).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_Empty_IsRefused() => Assert.Contains("truncated", Refused([]).Message, StringComparison.Ordinal);

    [Fact]
    public void Dataset_ImagesOfSeveralSizes_PointsToTheCommand()
    {
        var path = Write(Database.Value);

        var error = TestSource.Refused(ImageSource.Open(path), DatasetProblem.MixedSizes);

        Assert.Contains($"atelier dataset convert {path} --out cat_lmdb-", error.Message, StringComparison.Ordinal);
    }

    private DatasetException Refused(byte[] database)
    {
        var error = Assert.Throws<DatasetException>(() => LmdbImageSource.Open(Write(database)).Dispose());
        Assert.Equal(DatasetProblem.DamagedArchive, error.Problem);
        return error;
    }

    private string Write(byte[] database) => System.IO.Path.GetDirectoryName(_folder.Write("cat_lmdb/data.mdb", database))!;

    private static string KeyOf(int index) => Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes($"{index}")))[..40];

    private static long Transaction(byte[] database, int meta) => BinaryPrimitives.ReadInt64LittleEndian(database.AsSpan((meta * Page) + 16 + 128));

    private static long Root(byte[] database) =>
        BinaryPrimitives.ReadInt64LittleEndian(database.AsSpan((Transaction(database, 1) > Transaction(database, 0) ? Page : 0) + 16 + 24 + 48 + 40));
}
