/** What headers may be damaged with: values no writer thinks of, and keywords that steer a reader. */

export const VALUES = [
  ...['0', '-1', '1', '2', '3', '7', '8', '16', '64', '-32', '-64', '255', '999', '1000'],
  ...['32767', '65536', '16777216', '67108864', '268435456', '2147483647', '-2147483648'],
  ...['4294967296', '9007199254740991', '9007199254740993', '99999999999999999999'],
  ...['1E308', '-1E308', '1E-308', '-1E-308', '1D5', '1.5', '0.1', '90', '-90', '360', 'NaN'],
  ...['INF', 'T', 'F', '', '(1,2)', "''", "'", "'&'", "'O''HARA'", '/ comment', 'nothing'],
  ...["'RICE_1'", "'RICE_ONE'", "'GZIP_1'", "'GZIP_2'", "'PLIO_1'", "'HCOMPRESS_1'"],
  ...["'NOCOMPRESS'", "'NO_DITHER'", "'SUBTRACTIVE_DITHER_1'", "'SUBTRACTIVE_DITHER_2'"],
  ...["'1PB(2147483647)'", "'1QB(9)'", "'1PJ'", "'2PE(3)'", "'0PE'", "'1PX(9)'", "'1QA(8)'"],
  ...["'999999999A'", "'0X'", "'17X'", "'9X'", "'3A'", "'A7'", "'12A4'", "'16C'", "'2M'", "'4K'"],
  ...["'F8.99'", "'I20'", "'E15.7'", "'D25.17'", "'A1'", "'B4'", "'F0.0'"],
  ...["'(2,3,99999)'", "'(2,2)'", "'(0)'", "'(1,1,1,1)'"],
  ...["'BINTABLE'", "'TABLE'", "'IMAGE'", "'A3DTABLE'", "'FOREIGN'"],
  ...["'RA---TAN'", "'RA---TAN-SIP'", "'DEC--ZPN'", "'RA---HPX'", "'RA---XPH'", "'GLON-CAR'"],
  ...["'RA---TPV'", "'DEC--ZPX'", "'RA---TNX'", "'RA---GLS'", "'RA---NCP'", "'DEC--COE'"],
  ...["'RA---TSC'", "'RA---QSC'", "'DEC--SZP'", "'DEC--AZP'", "'RA---BON'", "'HPLN-TAN'"],
  ...["'LOOKUP'", "'EXTVER: 1'", "'NAXES: 2'", "'FK4'", "'ICRS'", "'GALACTIC'", "'arcsec'"],
  ...["'[1:9,2:8]'", "'[9:1,0:99]'", "'SCI'", "'CAT'", "'WCSDVARR'", "'RGB'"],
];

const numbered = (names, numbers) => names.flatMap((name) => numbers.map((n) => name + n));

export const KEYWORDS = [
  ...['SIMPLE', 'XTENSION', 'BITPIX', 'NAXIS', 'PCOUNT', 'GCOUNT', 'TFIELDS', 'THEAP', 'GROUPS'],
  ...['EXTEND', 'EXTNAME', 'EXTVER', 'INHERIT', 'BZERO', 'BSCALE', 'BLANK', 'TRIMSEC', 'END'],
  ...['CHECKSUM', 'DATASUM', 'ZHECKSUM', 'ZDATASUM', 'CONTINUE', 'HIERARCH', 'COMMENT', 'HISTORY'],
  ...['ZIMAGE', 'ZTABLE', 'ZBITPIX', 'ZNAXIS', 'ZCMPTYPE', 'ZQUANTIZ', 'ZDITHER0', 'ZBLANK'],
  ...['ZSCALE', 'ZZERO', 'ZTILELEN', 'ZPCOUNT', 'ZTHEAP', 'ZSIMPLE', 'ZTENSION', 'ZEXTEND'],
  ...numbered(['NAXIS', 'ZNAXIS', 'ZTILE', 'ZNAME', 'ZVAL'], [1, 2, 3]),
  ...numbered(['TFORM', 'TTYPE', 'TBCOL', 'TDIM', 'TSCAL', 'TZERO', 'TNULL', 'TUNIT'], [1, 2, 5]),
  ...numbered(['ZFORM', 'ZCTYP'], [1, 2, 5]),
  ...numbered(['CTYPE', 'CRPIX', 'CRVAL', 'CDELT', 'CROTA', 'CUNIT', 'CNAME'], [1, 2, 3]),
  ...['CD1_1', 'CD1_2', 'CD2_1', 'CD2_2', 'PC1_1', 'PC1_2', 'PC3_3', 'CD1_3', 'WCSAXES'],
  ...numbered(['PV1_', 'PV2_'], [0, 1, 2, 3, 4, 5, 10, 20, 39, 99]),
  ...numbered(['A_', 'B_', 'AP_', 'BP_'], ['ORDER', '0_2', '2_0', '1_1', '3_0', '9_0']),
  ...['LONPOLE', 'LATPOLE', 'EQUINOX', 'EPOCH', 'RADESYS', 'RADECSYS', 'WAT1_001', 'WAT2_001'],
  ...['CPDIS1', 'CPDIS2', 'DP1', 'DP2', 'D2IMDIS1', 'D2IM1', 'IMAGEW', 'IMAGEH', 'CTYPE1A'],
  ...['PLTRAH', 'PLTDECD', 'AMDX1', 'AMDX4', 'AMDY13', 'XPIXELSZ', 'PPO3', 'CNPIX1'],
  ...['FOCALLEN', 'XPIXSZ', 'SECPIX', 'PIXSCALE', 'POSANG', '', 'LONG.KEY', 'lower'],
];

/** Values of the attributes of an XISF image, and pieces of XML. */
export const XML_VALUES = [
  ...['', '0', '1', '-1', '4:3:1', '4:3:3', '3:4', '1:1:1', '65536:65536:1', '4:3:0', '4:3:1e3'],
  ...['UInt8', 'UInt16', 'UInt32', 'UInt64', 'Float32', 'Float64', 'Complex32', 'Planar'],
  ...['little', 'big', 'Normal', 'normal', 'planar', 'Gray', 'RGB', 'CIELab', '0:1', '1:0', 'a:b'],
  ...['attachment:4096:24', 'attachment:0:24', 'attachment:4095:99999999', 'attachment:16:24'],
  ...['attachment:9007199254740993:1', 'inline:base64', 'inline:hex', 'embedded', 'url(a)'],
  ...['zlib:24', 'zlib:99999999', 'zlib+sh:24:2', 'zlib+sh:24:3', 'lz4:24', 'lz4hc:24', 'lz4:0'],
  ...['lz4+sh:24:2', 'lz4hc+sh:2400:4', 'zstd:24', '24,24', '8,16:8,8', '0,0:24,24', '24,-1'],
  ...['&amp;', '&#0;', '&#x110000;', '&lol;', '\u{1f52d}', "'", 'é', 'NaN', '1e308', '&quot;'],
];

export const XML_PIECES = [
  ...['<', '>', '/>', '</Image>', '<Image', '<!--', '-->', '<![CDATA[', ']]>', '<?xml?>', '&'],
  ...['<!DOCTYPE x>', '<Data encoding="base64">AAAA</Data>', '<FITSKeyword name="A" value="1"/>'],
  ...['<Property id="a:b" type="String">x</Property>', '\0', '\ufffe', 'geometry="4:3:1" '],
];
