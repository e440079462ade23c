namespace Atelier.Training.Pickles;

/// <summary>Opcodes of Python's pickle that are interpreted (pickletools.py). Calls, classes and extensions of the interpreter are not among them.</summary>
internal enum PickleOpcode : byte
{
    Protocol = 0x80, // protocol number, one byte
    Frame = 0x95, // length of what follows, eight bytes
    Stop = (byte)'.', // the end
    Mark = (byte)'(', // begins the items of a tuple, list or dictionary
    Pop = (byte)'0', // drops the top, or a mark
    PopMark = (byte)'1', // drops what lies above the mark
    Duplicate = (byte)'2', // pushes the top again
    None = (byte)'N', // pushes None
    True = 0x88, // pushes True
    False = 0x89, // pushes False
    IntLine = (byte)'I', // a number as a line; 00 and 01 are False and True
    LongLine = (byte)'L', // a number as a line, with an L behind it
    FloatLine = (byte)'F', // a number as a line
    Int32 = (byte)'J', // an int32
    UInt8 = (byte)'K', // a uint8
    UInt16 = (byte)'M', // a uint16
    Long1 = 0x8A, // a number of as many bytes as a uint8 says
    Double = (byte)'G', // a big-endian float64
    StringLine = (byte)'S', // a quoted string as a line
    Bytes = (byte)'T', // bytes behind their length as an int32
    ShortBytes = (byte)'U', // bytes behind their length as a uint8
    Bytes32 = (byte)'B', // the same, of Python 3
    Bytes8 = (byte)'C', // behind a uint8
    Bytes64 = 0x8E, // behind a uint64
    ByteArray = 0x96, // behind a uint64
    UnicodeLine = (byte)'V', // text as a line
    Unicode = (byte)'X', // text behind its length as an int32
    Unicode8 = 0x8C, // behind a uint8
    Unicode64 = 0x8D, // behind a uint64
    EmptyList = (byte)']', // an empty list
    List = (byte)'l', // a list of what lies above the mark
    Append = (byte)'a', // adds an item to a list
    Appends = (byte)'e', // adds items to a list
    EmptyDictionary = (byte)'}', // an empty dictionary
    Dictionary = (byte)'d', // a dictionary of the pairs above the mark
    SetItem = (byte)'s', // adds a pair to a dictionary
    SetItems = (byte)'u', // adds pairs to a dictionary
    EmptySet = 0x8F, // an empty set
    AddItems = 0x90, // adds items to a set
    FrozenSet = 0x91, // a set of what lies above the mark
    EmptyTuple = (byte)')', // a tuple of none
    Tuple = (byte)'t', // a tuple of what lies above the mark
    Tuple1 = 0x85, // a tuple of one
    Tuple2 = 0x86, // a tuple of two
    Tuple3 = 0x87, // a tuple of three
    PutLine = (byte)'p', // remembers the top under a number as a line
    Put = (byte)'q', // remembers the top under a uint8
    LongPut = (byte)'r', // remembers the top under a uint32
    Memoize = 0x94, // remembers the top under the next number
    GetLine = (byte)'g', // pushes what a number as a line remembers
    Get = (byte)'h', // pushes what a uint8 remembers
    LongGet = (byte)'j', // pushes what a uint32 remembers
    Global = (byte)'c', // a name in a module. Here only a name: nothing is looked up
    StackGlobal = 0x93, // the same, from the stack
    PersistentId = (byte)'Q', // something outside the pickle, by an id on the stack
    Reduce = (byte)'R', // a call in Python; here a record that the rules know
    NewObject = 0x81, // makes an object in Python; here the same
    Build = (byte)'b', // gives an object its state
}

/// <summary>What Python calls the opcodes (pickletools.py), for messages.</summary>
internal static class PickleOpcodeNames
{
    private static readonly Dictionary<byte, string> Names = new()
    {
        [(byte)')'] = "EMPTY_TUPLE",
        [(byte)'0'] = "POP",
        [(byte)'1'] = "POP_MARK",
        [(byte)'2'] = "DUP",
        [(byte)'B'] = "BINBYTES",
        [(byte)'C'] = "SHORT_BINBYTES",
        [(byte)'F'] = "FLOAT",
        [(byte)'G'] = "BINFLOAT",
        [(byte)'I'] = "INT",
        [(byte)'L'] = "LONG",
        [(byte)'P'] = "PERSID",
        [(byte)'Q'] = "BINPERSID",
        [(byte)'S'] = "STRING",
        [(byte)'V'] = "UNICODE",
        [(byte)'X'] = "BINUNICODE",
        [(byte)'d'] = "DICT",
        [(byte)'g'] = "GET",
        [(byte)'i'] = "INST",
        [(byte)'l'] = "LIST",
        [(byte)'o'] = "OBJ",
        [(byte)'p'] = "PUT",
        [0x81] = "NEWOBJ",
        [0x82] = "EXT1",
        [0x83] = "EXT2",
        [0x84] = "EXT4",
        [0x8A] = "LONG1",
        [0x8B] = "LONG4",
        [0x8C] = "SHORT_BINUNICODE",
        [0x8D] = "BINUNICODE8",
        [0x8E] = "BINBYTES8",
        [0x8F] = "EMPTY_SET",
        [0x90] = "ADDITEMS",
        [0x91] = "FROZENSET",
        [0x92] = "NEWOBJ_EX",
        [0x93] = "STACK_GLOBAL",
        [0x94] = "MEMOIZE",
        [0x95] = "FRAME",
        [0x96] = "BYTEARRAY8",
        [0x97] = "NEXT_BUFFER",
        [0x98] = "READONLY_BUFFER",
    };

    /// <summary>The name of an opcode with its number.</summary>
    public static string Of(byte opcode) => $"{Names.GetValueOrDefault(opcode, "that no Python has")} (0x{opcode:x2})";
}
